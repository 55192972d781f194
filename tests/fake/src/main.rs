//! `fake-forge gitlab|github`: a fake forge to be driven by other people's clients.

fn main() {}
