variable "SECOND" {
  default = "linux/arm64"
}
target "common" {
  platforms = ["linux/amd64", SECOND]
}
target "baked" {
  inherits = ["common"]
  context = "baked"
}
