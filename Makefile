# The two commands of the README. They install what is missing where they can, and say what is missing where they cannot.

.POSIX:
.PHONY: demo test deb tools

demo: tools
	@cargo build --release --locked
	@bin="$${CARGO_TARGET_DIR:-target}/release/driftline"; "$$bin" analyze samples/seed-incident || test $$? -eq 1

test: tools
	@cargo test --locked

# A Debian package in target/debian, with man pages and completions. Its unit is neither enabled nor started by installing it.
deb: tools
	@command -v cargo-deb >/dev/null || { echo "make: cargo-deb is missing; cargo install --locked cargo-deb" >&2; exit 1; }
	@cargo build --release --locked
	@cargo run --quiet --locked --example assets -- target/assets
	@cargo deb --no-build --quiet

# cargo, a C compiler, and libsystemd (Debian: gcc, libc6-dev, pkg-config, libsystemd-dev), without which journals are read by our
# own reader: then build with `cargo build --release --no-default-features --features compress`.
tools:
	@command -v cargo >/dev/null || { \
	    echo "make: cargo is missing; install Rust 1.88 or later with rustup" >&2; exit 1; }
	@command -v cc >/dev/null && command -v pkg-config >/dev/null && pkg-config --exists libsystemd || { \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	        apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev pkg-config libsystemd-dev; \
	    else \
	        echo "make: a C compiler, pkg-config or libsystemd-dev is missing; as root: apt-get install gcc libc6-dev pkg-config libsystemd-dev" >&2; exit 1; \
	    fi; }
