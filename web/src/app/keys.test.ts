import { describe, expect, it } from "vitest";
import { type KeyPress, keyCaps, pressed } from "./keys";

function press(key: string, more: Partial<KeyPress> = {}): KeyPress {
  return { key, code: "", ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more };
}

describe("a key press", () => {
  it("is a combination only if every modifier agrees", () => {
    expect(pressed(press("z", { ctrlKey: true }), "mod+Z")).toBe(true);
    expect(pressed(press("z", { metaKey: true }), "mod+Z")).toBe(true);
    expect(pressed(press("z"), "mod+Z")).toBe(false);
    expect(pressed(press("Z", { ctrlKey: true, shiftKey: true }), "mod+Z")).toBe(false);
    expect(pressed(press("Z", { ctrlKey: true, shiftKey: true }), "mod+shift+Z")).toBe(true);
    expect(pressed(press("z", { ctrlKey: true, altKey: true }), "mod+Z")).toBe(false);
  });

  it("is a sign whatever it takes to write it", () => {
    expect(pressed(press("?", { shiftKey: true }), "?")).toBe(true);
    expect(pressed(press("?"), "?")).toBe(true);
    expect(pressed(press(".", { shiftKey: true }), ".")).toBe(true);
    expect(pressed(press(",", { ctrlKey: true }), "mod+,")).toBe(true);
  });

  it("is known by its place where the layout writes no Latin letter", () => {
    expect(pressed(press("я", { code: "KeyZ", ctrlKey: true }), "mod+Z")).toBe(true);
    expect(pressed(press("ç", { code: "KeyC", altKey: true }), "alt+C")).toBe(true);
  });

  it("is known by its letter on a layout that moves letters", () => {
    const onAzerty = press("a", { code: "KeyQ" });
    expect(pressed(onAzerty, "A")).toBe(true);
    expect(pressed(onAzerty, "Q")).toBe(false);
  });

  it("may be one with a name", () => {
    expect(pressed(press("ArrowUp", { altKey: true }), "alt+ArrowUp")).toBe(true);
    expect(pressed(press(" "), "Space")).toBe(true);
    expect(pressed(press("Escape"), "Esc")).toBe(true);
    expect(pressed(press("+", { ctrlKey: true }), "mod+plus")).toBe(true);
  });
});

describe("key caps", () => {
  it("are those of the system", () => {
    expect(keyCaps("mod+shift+Z", false)).toEqual(["Ctrl", "Shift", "Z"]);
    expect(keyCaps("mod+shift+Z", true)).toEqual(["⌘", "⇧", "Z"]);
    expect(keyCaps("alt+ArrowLeft", false)).toEqual(["Alt", "←"]);
    expect(keyCaps("Delete", false)).toEqual(["Del"]);
    expect(keyCaps("F2", false)).toEqual(["F2"]);
    expect(keyCaps("?", false)).toEqual(["?"]);
  });
});
