ARG TAG
FROM python:$TAG-alpine
