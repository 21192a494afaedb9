//! The program from outside: run in a folder of its own, as a user has it.

mod cases;
mod codes;
mod folder;
mod good_use;
