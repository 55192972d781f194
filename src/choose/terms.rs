//! How a list may change: what the settings say, and a comment above it that knows better.
//!
//! Must never know: which rows there are.

use crate::config::Config;
use crate::config::settings::{Matrix, MatrixPolicy};
use crate::image::Repository;
use crate::link::knot::Axis;
use crate::scan::occurrence::{Kind, ListPolicy};

/// What rules call the places of rows.
pub(super) const MATRIX: &str = Kind::Matrix.name();

/// The terms of a list that has versions of an image.
#[must_use]
pub fn terms(config: &Config, image: &Repository, list: &Axis) -> Matrix {
    let matrix = config.matrix(image, (&list.site.file, MATRIX));
    match list.policy {
        None => matrix,
        Some(ListPolicy::Append) => Matrix { policy: MatrixPolicy::Append, ..matrix },
        Some(ListPolicy::Supported) => Matrix { policy: MatrixPolicy::Supported, ..matrix },
        Some(ListPolicy::Window(window)) => {
            Matrix { policy: MatrixPolicy::Window, window: window.unwrap_or(matrix.window), ..matrix }
        }
    }
}
