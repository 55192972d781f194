FROM golang:1.24.1
