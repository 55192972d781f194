variable "ALPINE" { default = "3.20" }

target "default" {
  context = "image"
  args    = { ALPINE = ALPINE }
}
