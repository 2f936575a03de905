# One image for the API server and the worker; the command says which.
# Debian, not Alpine: Temporal's core has no build for musl.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN node scripts/build.ts

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# The image has the right Node: the packages that bring one to bare machines go.
# A user's configuration below /app imports this package by its name.
RUN npm ci --omit=dev --no-audit --no-fund && rm -rf node_modules/node-linux-* && npm cache clean --force \
  && ln -s .. node_modules/jobwright

FROM ${NODE_IMAGE}
# The young generation of Node.js as in the dev stack: a quarter less memory, for no more time.
ENV NODE_ENV=production \
    NODE_OPTIONS=--max-semi-space-size=4 \
    JOBWRIGHT_HOST=0.0.0.0 \
    JOBWRIGHT_PORT=8300 \
    JOBWRIGHT_DATA_DIR=/data
RUN install -d -o node -g node -m 0700 /data
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /build/dist ./
# The image's user `node`; as a number, so that an orchestrator can tell that it is not root.
USER 1000:1000
EXPOSE 8300
# For the server. The worker's service in docker-compose.yml has one of its own.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.JOBWRIGHT_PORT}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "server.js"]
