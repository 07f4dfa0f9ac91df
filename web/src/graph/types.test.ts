import { expect, test } from "vitest";
import { compatible, typeText } from "./types";

test.each([
  ["IMAGE", "IMAGE", true],
  ["image", "IMAGE", true],
  ["IMAGE", "LATENT", false],
  ["*", "LATENT", true],
  ["IMAGE", "*", true],
  ["MASK", "IMAGE,MASK", true],
  ["IMAGE, MASK", "MASK,LATENT", true],
  ["IMAGE,MASK", "LATENT", false],
  ["INT", "FLOAT", false],
  ["", "LATENT", true],
  [0, "LATENT", true],
  [null, "LATENT", true],
  [["euler"], "COMBO", true],
  [["euler"], ["euler"], true],
  [["euler"], ["heun"], false],
  [["euler"], "STRING", false],
])("an output of %j into an input of %j: %s", (output, input, fits) => {
  expect(compatible(output, input)).toBe(fits);
});

test("the type of old files is told as text", () => {
  expect([typeText(["a"]), typeText(-1), typeText(undefined), typeText("CLIP")]).toEqual([
    "COMBO",
    "*",
    "*",
    "CLIP",
  ]);
});
