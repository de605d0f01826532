# Images of the node (the default) and of the gateway emulator (--target emulator), which is for demonstrations.
FROM debian:12-slim AS build
WORKDIR /source
COPY run ./
RUN ./run setup --compile && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake --preset release && cmake --build --preset release --target pusher gateway-emulator \
 && strip build/release/pusher build/release/gateway-emulator

# What both link to, and the authorities and time zones of the world.
FROM debian:12-slim AS base
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      ca-certificates tzdata \
      libcaf-core0.17 libcaf-io0.17 libcaf-openssl0.17 libcurl4 libdate-tz3 libfmt9 libhiredis0.14 libjemalloc2 libmariadb3 \
      libnghttp2-14 libpistache0 libprometheus-cpp-core1.0 libspdlog1.10 libssl3 libstdc++6 libuuid1 zlib1g \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/pusher --shell /usr/sbin/nologin pusher \
 && install -d -o pusher -g pusher -m 0700 /var/lib/pusher /gateway

FROM base AS emulator
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends curl \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /source/build/release/gateway-emulator /usr/local/bin/
USER pusher
ENTRYPOINT ["gateway-emulator"]

FROM base AS node
COPY --from=build /source/build/release/pusher /usr/local/bin/
COPY compose/prepare /usr/local/bin/
ENV PUSHER__DATA__DIRECTORY=/var/lib/pusher
WORKDIR /var/lib/pusher
# By number, so that a cluster which demands other users than root sees that it is one. The root file system may be
# read-only: what a node writes is below /var/lib/pusher and /tmp.
USER 10001:10001
VOLUME /var/lib/pusher
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=6 CMD ["pusher", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["pusher"]
CMD ["node"]
