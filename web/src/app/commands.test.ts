import { describe, expect, it, vi } from "vitest";
import { AREAS, type Command } from "@/store/commands";
import { parseKeys } from "./keys";

// The lists are only read: nothing of the page is needed to have them.
vi.stubGlobal("window", globalThis);
vi.stubGlobal("document", { querySelector: () => null });
vi.stubGlobal("location", { hash: "", href: "http://localhost/" });

async function lists(): Promise<Command[]> {
  const [{ canvasCommands }, { panelCommands }, { runCommands }, { fileCommands }] = await Promise.all([
    import("@/canvas/commands"),
    import("@/panels/commands"),
    import("@/panels/run/commands"),
    import("@/store/files"),
  ]);
  return [...fileCommands, ...panelCommands, ...canvasCommands, ...runCommands];
}

describe("the commands", () => {
  it("have names of their own", async () => {
    const ids = (await lists()).map((command) => command.id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  it("belong to an area that is shown", async () => {
    expect((await lists()).filter((command) => !AREAS.includes(command.area))).toEqual([]);
  });

  it("share a key only if each says when it is meant", async () => {
    const all = (await lists()).flatMap((command) =>
      (command.keys ?? []).map((keys) => ({ command, combo: JSON.stringify(parseKeys(keys)) })),
    );
    const clashes = all.filter(
      (one) => one.command.when === undefined && all.some((two) => two !== one && two.combo === one.combo),
    );
    expect(clashes.map(({ command, combo }) => `${command.id} ${combo}`)).toEqual([]);
  });
});
