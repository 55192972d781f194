variable "NODE_VERSION" {
  default = "20"
}
variable "GO_VERSION" {
  default = "1.23"
}
