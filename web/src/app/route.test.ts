import { describe, expect, it } from "vitest";
import { hashOf, type Route, readRoute } from "./route";

describe("a place of the canvas", () => {
  it.each<[string, Route]>([
    ["#/workflow/portrait", { kind: "workflow", name: "portrait" }],
    ["#/workflow/work/a%20b", { kind: "workflow", name: "work/a b" }],
    ["#/workflow/50%25%20%23done", { kind: "workflow", name: "50% #done" }],
    ["#/run/3f0e", { kind: "run", id: "3f0e" }],
    ["#/template/text_to_image", { kind: "template", name: "text_to_image" }],
    ["#/templates", { kind: "templates" }],
    ["#/library", { kind: "library" }],
    ["#/form/portrait@1.2.0", { kind: "form", reference: "portrait@1.2.0", query: "" }],
    ["#/form/a%20b?prompt=a%2Fb&steps=4", { kind: "form", reference: "a b", query: "prompt=a%2Fb&steps=4" }],
    ["#/sweep/7f", { kind: "sweep", id: "7f" }],
    ["#/", { kind: "canvas" }],
  ])("%s is read and written back", (hash, route) => {
    expect(readRoute(hash)).toEqual(route);
    expect(hashOf(route)).toBe(hash);
  });

  it("keeps Chinese names", () => {
    const route: Route = { kind: "workflow", name: "人像/第一张" };
    expect(readRoute(hashOf(route))).toEqual(route);
  });

  it.each(["", "#", "#/nowhere", "#/workflow/", "#/run", "#/form/", "#/form/?a=1"])(
    "%j is the canvas",
    (hash) => {
      expect(readRoute(hash)).toEqual({ kind: "canvas" });
    },
  );

  it("typed with a stray percent sign is still read", () => {
    expect(readRoute("#/workflow/100%")).toEqual({ kind: "workflow", name: "100%" });
  });
});
