import { beforeEach, expect, it } from "vitest";
import type { Json } from "@/graph/json";
import { choiceText, manyOf, pickChoice, useChoices } from "./choices";

let picked: Json[] = [];

function ask(value: Json, isMany: boolean): void {
  const onPick = (one: Json) => void picked.push(one);
  const anchor = { focus: () => undefined, getBoundingClientRect: () => new DOMRect() };
  useChoices.setState({
    asked: { owner: "1/a", anchor, label: "a", choices: ["x", "y", "z"], value, isMany, onPick },
  });
}

beforeEach(() => {
  picked = [];
});

it("takes one and closes", () => {
  ask("x", false);
  pickChoice("y");
  expect(picked).toEqual(["y"]);
  expect(useChoices.getState().asked).toBeNull();
});

it("takes many, lets them go again, and stays open", () => {
  ask(["x"], true);
  for (const one of ["z", "x"]) pickChoice(one);
  expect(picked).toEqual([["x", "z"], ["z"]]);
  expect(useChoices.getState().asked?.value).toEqual(["z"]);
});

it("reads a file's one value as a list of it", () => {
  expect(manyOf("x")).toEqual(["x"]);
  expect(manyOf(null)).toEqual([]);
  expect(choiceText(["x", "y"])).toBe("x, y");
});
