# Written with care and NOT run: there was no container engine at hand. What could be checked without one was: the build,
# the program with production dependencies only, its signals, and this file by eye. Tell us what you meet.
#
#   docker build -t tidings .
#   docker run --rm -p 127.0.0.1:3000:3000 -e TIDINGS_API_KEY=… -v tidings:/data tidings

FROM node:24.21-slim AS build
WORKDIR /app
# The npm package `node` would bring a second Node into the image; the image has the right one.
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund --ignore-scripts
COPY src ./src
COPY scripts/build.ts scripts/build-web.js ./scripts/
RUN node scripts/build.ts
COPY web ./web
RUN node scripts/build-web.js --must
# What the program needs when it runs, and nothing else.
RUN npm ci --omit=dev --no-audit --no-fund --ignore-scripts

FROM node:24.21-slim
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000 \
    TIDINGS_DATA_DIR=/data \
    MALLOC_ARENA_MAX=1 \
    MALLOC_TRIM_THRESHOLD_=131072
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/web/dist ./web/dist
COPY bin ./bin
COPY README.md LICENSE ./
COPY docs ./docs
# The image's own unprivileged user. A volume takes over the owner of the folder that it covers.
RUN mkdir -m 700 /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 3000
# What is in flight is finished first: give it 25 s (`docker stop --time 25`).
STOPSIGNAL SIGTERM
# A worker has no PORT; it answers on METRICS_PORT when that is set.
HEALTHCHECK --interval=15s --timeout=4s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.METRICS_PORT || process.env.PORT}/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# The flags of `npm start`. Without a shell and without npm between, the signal reaches the program.
ENTRYPOINT ["node", "--max-semi-space-size=3", "--max-old-space-size=512", "--v8-pool-size=2", "--expose-gc", "bin/tidings.js"]
CMD ["serve"]
