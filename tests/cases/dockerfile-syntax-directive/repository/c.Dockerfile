# not a directive any more
# syntax=docker/dockerfile:1.4
FROM alpine:3.22
