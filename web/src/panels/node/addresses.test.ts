import { expect, test } from "vitest";
import { picturesAt, targetOf } from "./addresses";

const PAGE = "http://here:8188/below/extensions/pack/docs/Blur.md";
const CHINESE = "http://here:8188/below/extensions/pack/docs/Blur/zh.md";
const DOCS = "http://here:8188/below/extensions/pack/docs";
const isNode = (name: string) => name === "Sharpen" || name === "Image Blur";

test("pictures lie beside the page, or in the folder of all pages", () => {
  expect(picturesAt("a.png", PAGE)).toEqual([`${DOCS}/a.png`]);
  expect(picturesAt("a.png", CHINESE)).toEqual([`${DOCS}/a.png`, `${DOCS}/Blur/a.png`]);
  expect(picturesAt("/extensions/pack/a.png", PAGE)).toEqual(["http://here:8188/extensions/pack/a.png"]);
});

test("nothing is fetched from elsewhere", () => {
  for (const src of [
    "https://there/a.png",
    "//there/a.png",
    "data:image/png;base64,AA",
    "javascript:alert(1)",
  ])
    expect(picturesAt(src, PAGE)).toEqual([]);
});

test("a link to another page leads to its node", () => {
  expect(targetOf("Sharpen.md", PAGE, isNode)).toEqual({ kind: "node", name: "Sharpen" });
  expect(targetOf("Image%20Blur.md#more", PAGE, isNode)).toEqual({ kind: "node", name: "Image Blur" });
  expect(targetOf("../Sharpen/zh.md", CHINESE, isNode)).toEqual({ kind: "node", name: "Sharpen" });
  expect(targetOf("Other.md", PAGE, isNode)).toEqual({ kind: "away", url: `${DOCS}/Other.md` });
});

test("other links lead away, and those that run something lead nowhere", () => {
  expect(targetOf("https://there/Sharpen.md", PAGE, isNode)).toEqual({
    kind: "away",
    url: "https://there/Sharpen.md",
  });
  for (const href of ["", "#top", "javascript:alert(1)", "data:text/html,x", "http://[", "%E0%A4%A.md"])
    expect(targetOf(href, PAGE, isNode).kind, href).not.toBe("node");
  expect(targetOf("javascript:alert(1)", PAGE, isNode)).toEqual({ kind: "none" });
});
