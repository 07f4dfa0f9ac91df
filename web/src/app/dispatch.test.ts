import { describe, expect, it } from "vitest";
import type { Area, Command } from "@/store/commands";
import { dispatch, type Focus } from "./dispatch";
import type { KeyPress } from "./keys";

function command(area: Area, keys: string, when?: () => boolean): Command {
  return {
    id: `${area}.${keys}`,
    area,
    keys: [keys],
    run: () => {},
    ...(when === undefined ? {} : { when }),
  };
}

function press(keys: string): KeyPress {
  const parts = keys.split("+");
  return {
    key: parts.at(-1) ?? "",
    code: "",
    ctrlKey: parts.includes("mod"),
    metaKey: false,
    altKey: parts.includes("alt"),
    shiftKey: parts.includes("shift"),
  };
}

const all = [
  command("run", "mod+Enter"),
  command("file", "mod+S"),
  command("edit", "mod+Z"),
  command("edit", "mod+D"),
  command("edit", "Delete"),
  command("edit", "mod+C"),
  command("panel", "Q"),
  command("node", "mod+B"),
];

function done(keys: string, focus: Focus, commands: readonly Command[] = all): string | undefined {
  return dispatch(press(keys), focus, commands).command?.id;
}

describe("with the keyboard on the canvas", () => {
  it("every key does its command", () => {
    expect(done("Delete", "canvas")).toBe("edit.Delete");
    expect(done("q", "canvas")).toBe("panel.Q");
    expect(done("mod+Enter", "canvas")).toBe("run.mod+Enter");
  });

  it("copying is left to the browser's clipboard", () => {
    expect(dispatch(press("mod+c"), "canvas", all)).toEqual({ command: null, isOurs: false });
  });

  it("of two commands on a key the one that can be done now is", () => {
    const one = command("view", "Escape", () => false);
    const two = command("select", "Escape");
    expect(done("Escape", "canvas", [one, two])).toBe("select.Escape");
  });
});

describe("with the keyboard in a text field", () => {
  it("keys write text", () => {
    expect(done("q", "text")).toBeUndefined();
    expect(done("Delete", "text")).toBeUndefined();
  });

  it("undo, copying and bold are the field's own", () => {
    expect(done("mod+z", "text")).toBeUndefined();
    expect(done("mod+b", "text")).toBeUndefined();
  });

  it("running and saving work", () => {
    expect(done("mod+Enter", "text")).toBe("run.mod+Enter");
    expect(done("mod+s", "text")).toBe("file.mod+S");
  });
});

describe("with the keyboard in a panel", () => {
  it("keys do not touch what is on the canvas", () => {
    expect(done("Delete", "page")).toBeUndefined();
    expect(done("mod+d", "page")).toBeUndefined();
  });

  it("undo and panels work", () => {
    expect(done("mod+z", "page")).toBe("edit.mod+Z");
    expect(done("q", "page")).toBe("panel.Q");
  });
});

describe("what the browser would do", () => {
  it("is kept from it even when the command cannot be done now", () => {
    const save = command("file", "mod+S", () => false);
    expect(dispatch(press("mod+s"), "canvas", [save])).toEqual({ command: null, isOurs: true });
  });

  it("is left to it for keys of nobody", () => {
    expect(dispatch(press("mod+l"), "canvas", all).isOurs).toBe(false);
  });

  it("is left to it below a dialog", () => {
    expect(done("mod+Enter", "dialog")).toBeUndefined();
    expect(done("Delete", "dialog")).toBeUndefined();
  });
});
