# goodinit as one static program in an image without a shell, for clusters (experiments/cluster).
#
#   docker build --tag registry.example.org/goodinit:0.1.0 .
#   docker run --rm --volume "$PWD:/data" --user "$(id -u)" registry.example.org/goodinit:0.1.0 grid experiments/quick.toml
FROM rust:1.91-alpine3.22 AS build
WORKDIR /build
COPY . .
RUN cargo build --release --locked --bin goodinit && strip target/release/goodinit

# Certificates for `goodinit fetch`, a user that is not root, /tmp, and nothing else.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /build/target/release/goodinit /usr/local/bin/goodinit
COPY LICENSE-MIT LICENSE-APACHE NOTICE /usr/share/doc/goodinit/
USER 65532:65532
WORKDIR /data
ENTRYPOINT ["/usr/local/bin/goodinit"]
