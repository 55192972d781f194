target "tools" {
  dockerfile-inline = <<-EOT
    ARG ALPINE=3.20
    FROM alpine:$${ALPINE}
    COPY --from=busybox:1.36 /bin/busybox /bin/busybox
  EOT
}
