import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { JsonObject } from "@/graph/json";

/** A server that keeps settings, and a browser's storage; both outlive a reload of the page. */
let server: { stored: JsonObject; isUp: boolean };
let storage: Map<string, string>;

beforeEach(() => {
  server = { stored: {}, isUp: true };
  storage = new Map();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => storage.get(key) ?? null,
    setItem: (key: string, value: string) => storage.set(key, value),
  });
  vi.stubGlobal("fetch", async (_: string, request?: { readonly body: string }) => {
    if (!server.isUp) throw new TypeError("Failed to fetch");
    if (request !== undefined) server.stored = { ...server.stored, ...JSON.parse(request.body) };
    return { ok: true, json: async () => server.stored };
  });
});
afterEach(() => vi.unstubAllGlobals());

/** The page opened anew. */
async function load() {
  vi.resetModules();
  return await import("./settings");
}

describe("a setting", () => {
  it("is what it is at first until somebody chooses", async () => {
    const { setting } = await load();
    expect([setting("theme"), setting("links"), setting("gridSize")]).toEqual(["system", "spline", 10]);
  });

  it("is kept in this browser and sent to the server by ComfyUI's id", async () => {
    const first = await load();
    first.changeSetting("links", "straight");
    await vi.waitFor(() => expect(server.stored).toEqual({ "Comfy.LinkRenderMode": 0 }));
    expect((await load()).setting("links")).toBe("straight");
  });

  it("chosen in another browser comes from the server", async () => {
    server.stored = { "Comfy.Locale": "zh", "pysssss.SnapToGrid": true, "Other.Setting": 1 };
    const { setting, syncSettings } = await load();
    await syncSettings();
    expect([setting("language"), setting("snap")]).toEqual(["zh-CN", true]);
  });

  it("changed offline holds, outlives a reload and is sent when the server is back", async () => {
    server.stored = { "Comfy.WidgetControlMode": "after" };
    server.isUp = false;
    (await load()).changeSetting("control", "before");
    const { setting, syncSettings } = await load();
    expect(setting("control")).toBe("before");
    server.isUp = true;
    await syncSettings();
    expect(setting("control")).toBe("before");
    expect(server.stored["Comfy.WidgetControlMode"]).toBe("before");
  });

  it("that makes no sense is what it was at first", async () => {
    server.stored = {
      "Comfy.SnapToGrid.GridSize": "huge",
      "Comfy.LinkRenderMode": 99,
      "Darkroom.Theme": null,
    };
    const { setting, syncSettings } = await load();
    await syncSettings();
    expect([setting("gridSize"), setting("links"), setting("theme")]).toEqual([10, "spline", "system"]);
  });

  it("of ComfyUI that is told apart further there is understood", async () => {
    server.stored = { "Comfy.Execution.PreviewMethod": "latent2rgb" };
    const { setting, syncSettings } = await load();
    await syncSettings();
    expect(setting("preview")).toBe("auto");
  });

  it("survives storage that holds rubbish", async () => {
    storage.set("darkroom:settings", "{not json");
    expect((await load()).setting("confirmClear")).toBe(true);
  });
});
