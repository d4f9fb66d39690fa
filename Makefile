# The two commands of the README. They install what is missing where they can, and say what is missing where they cannot.

.POSIX:
.PHONY: demo test tools

demo: tools
	@cargo build --release --locked
	@bin="$${CARGO_TARGET_DIR:-target}/release/driftline"; "$$bin" analyze samples/seed-incident || test $$? -eq 1

test: tools
	@cargo test --locked

# cargo, and the C linker that it calls (Debian: gcc and libc6-dev).
tools:
	@command -v cargo >/dev/null || { \
	    echo "make: cargo is missing; install Rust 1.88 or later with rustup" >&2; exit 1; }
	@command -v cc >/dev/null || { \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	        apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev; \
	    else \
	        echo "make: a C linker (cc) is missing; as root: apt-get install gcc libc6-dev" >&2; exit 1; \
	    fi; }
