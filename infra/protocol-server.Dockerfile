# A TEST DOUBLE of EventStoreDB's protocol (libs/testing), for machines that cannot get the real image. Nothing in
# production uses it. See infra/compose.protocol-server.yml.
ARG NODE_IMAGE=node:26.10.0-bookworm-slim
FROM ${NODE_IMAGE}
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY libs libs
COPY services services
COPY tests/package.json tests/package.json
COPY bench/package.json bench/package.json
RUN npm ci --workspace libs/testing --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund \
 && rm -rf services tests bench && install -d -o node -g node /data
USER node
EXPOSE 2113
CMD ["node", "libs/testing/eventstoredb-server/main.ts", "--host", "0.0.0.0", "--port", "2113", "--file", "/data/log.ndjson"]
