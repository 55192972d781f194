variable "ALPINE" { default = "3.21" }
