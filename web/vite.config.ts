import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
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
  "/extensions",
];

export default defineConfig({
  plugins: [react()],
  base: "./",
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: "../server/static/canvas",
    emptyOutDir: true,
    target: "es2023",
    chunkSizeWarningLimit: 1200,
  },
  server: {
    proxy: Object.fromEntries(SERVED_BY_IT.map((path) => [path, { target: SERVER, ws: path === "/ws" }])),
  },
  test: { environment: "node", include: ["src/**/*.test.{ts,tsx}"] },
});
