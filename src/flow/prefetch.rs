//! Asks the processor for what is read soon: a connection that was not heard of for a while lies in slow memory, and to wait for each
//! of its cache lines when it is needed takes longer than all that is done with them.
#![allow(unsafe_code, reason = "one instruction, which reads nothing and faults at no address")]

/// All cache lines of a value.
#[inline]
pub fn prefetch<T>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

        const LINE_BYTES: usize = 64;
        let first = std::ptr::from_ref(value).cast::<i8>();
        for at in (0..size_of::<T>()).step_by(LINE_BYTES) {
            // SAFETY: the instruction is part of every x86-64, and is a hint only.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(first.wrapping_add(at)) };
        }
    }
}
