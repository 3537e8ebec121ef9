//! From results to output: one file per form.
