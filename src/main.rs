//! The program: everything is in the library.

fn main() -> std::process::ExitCode {
    tenantry::cli::run(std::env::args_os())
}
