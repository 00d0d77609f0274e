# One image for every role of a node: settings say which (docs/settings.md). Nothing secret is in it.

FROM node:24-bookworm-slim AS build
RUN apt-get update \
  && apt-get install --yes --no-install-recommends g++ \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /tailrace
COPY package.json package-lock.json ./
# By the lock, but not `ci`, which refuses it for platforms that are none of ours
# (scripts/dependencies.js). No install scripts: the one there is brings a Node, and the image has one.
RUN npm install --no-save --omit=dev --ignore-scripts --no-audit --no-fund
COPY . .
# Without the addon the server would run too, at several times the CPU: then there is no image.
RUN node --input-type=module \
  --eval "import { rebuildAddon } from './scripts/addon.js'; process.exitCode = rebuildAddon()" \
  && test -f native/addon/build/tailrace.node

FROM node:24-bookworm-slim
WORKDIR /tailrace
COPY --from=build /tailrace /tailrace
RUN mkdir /data && chown node:node /data
ENV NODE_ENV=production TAILRACE_DATA_DIR=/data
USER node
VOLUME /data
EXPOSE 8080/tcp 8189/udp 8189/tcp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s CMD ["node", "deploy/healthcheck.js"]
# As scripts/start.js runs it.
CMD ["node", "--disable-warning=ExperimentalWarning", "--max-semi-space-size=4", "server/main.ts"]
