import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const SERVER = process.env["DARKROOM_SERVER"] ?? "http://127.0.0.1:8188";
const SERVED_BY_IT = [
  "/api",
  "/ws",
  "/prompt",
  "/object_info",
  "/view",
  "/upload",
  "/userdata",
  "/settings",
  "/queue",
  "/history",
  "/interrupt",
  "/experiment",
  "/extensions",
];

const BUILT = fileURLToPath(new URL("../server/static/canvas", import.meta.url));

/** Compress once, here, instead of at every request: the server sends the `.br` or `.gz` beside a file. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    closeBundle(error?: Error) {
      if (error !== undefined) return;
      for (const name of readdirSync(`${BUILT}/assets`)) {
        if (!/\.(js|css|svg|json)$/.test(name)) continue;
        const bytes = readFileSync(`${BUILT}/assets/${name}`);
        const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
        writeFileSync(`${BUILT}/assets/${name}.gz`, gzipSync(bytes));
        writeFileSync(`${BUILT}/assets/${name}.br`, brotliCompressSync(bytes, quality));
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), compressed()],
  base: "./",
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: BUILT,
    emptyOutDir: true,
    target: "es2023",
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      output: {
        // Shared parts are named after all that share them; the server takes plain names only.
        chunkFileNames: ({ name }) => `assets/${name.split("~")[0]}-[hash].js`,
        assetFileNames: ({ names }) =>
          `assets/${names[0]?.split("~")[0]?.replace(/\.\w+$/, "")}-[hash][extname]`,
        codeSplitting: {
          groups: [
            // What the first page needs comes in one file, not in the hundred that the lazy parts share with it.
            { name: "initial", tags: ["$initial"] },
            { name: "shared", minShareCount: 2, entriesAware: true, entriesAwareMergeThreshold: 30_000 },
          ],
        },
      },
    },
  },
  server: {
    proxy: Object.fromEntries(SERVED_BY_IT.map((path) => [path, { target: SERVER, ws: path === "/ws" }])),
  },
  // A guard against hanging, not against a busy machine.
  test: { environment: "node", include: ["src/**/*.test.{ts,tsx}"], testTimeout: 60_000 },
});
