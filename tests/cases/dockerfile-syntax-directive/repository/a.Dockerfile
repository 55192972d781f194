# syntax = docker/dockerfile:1.7.1
# check=skip=all
FROM alpine:3.22
