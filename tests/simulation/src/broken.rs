//! What a world says when something does not hold.

/// One sentence about what does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The sentence.
    pub sentence: String,
}

impl Broken {
    /// Something does not hold.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
        }
    }
}

/// Says that something does not hold, unless it does.
macro_rules! holds {
    ($condition:expr, $($words:tt)+) => {
        if !$condition {
            return Err($crate::broken::Broken::new(format!($($words)+)));
        }
    };
}
pub(crate) use holds;
