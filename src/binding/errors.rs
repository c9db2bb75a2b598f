//! An engine error as a JS `Error` with `.code`.

use napi::bindgen_prelude::{JsObjectValue, JsValue};
use napi::{Env, Error};

use crate::error::EngineError;

/// On the JS thread only. Should making the object fail, what remains is an error with the message alone.
pub(super) fn js_error(env: &Env, error: &EngineError) -> Error {
    let with_code = || {
        let mut object = env.create_error(Error::from_reason(error.to_string()))?;
        object.set_named_property("code", error.code())?;
        Ok::<_, Error>(Error::from(object.to_unknown()))
    };
    with_code().unwrap_or_else(|_| Error::from_reason(error.to_string()))
}
