//! Elementary functions whose bits do not depend on platform, compiler or instruction set.
