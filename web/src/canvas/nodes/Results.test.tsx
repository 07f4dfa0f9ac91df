// @vitest-environment happy-dom
import { act } from "react";
import { createRoot } from "react-dom/client";
import { expect, test, vi } from "vitest";
import { DEFS, textToImage } from "@/graph/toys";
import { setupI18n } from "@/i18n";
import { QUEUED } from "@/store/runs/view";
import type { NodeData } from "../items";
import { Results } from "./Results";

test("what a node tells about its pictures is shown with them", async () => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  await setupI18n("en");
  const record = Object.values(textToImage().graphs.by)[0]?.nodes.by["7"];
  if (record === undefined) throw new Error("no node");
  const data = { address: "7", key: "7", record, def: DEFS.get("SaveImage") } as unknown as NodeData;
  const images = [{ filename: "x.png", subfolder: "", type: "output" }];
  const box = document.body.appendChild(document.createElement("div"));
  const root = createRoot(box);
  const show = (texts: string[], files = images) =>
    act(async () => root.render(<Results data={data} run={{ ...QUEUED, images: files, texts }} end={60} />));

  await show(["1 of 1 pictures replaced by the safety policy"]);
  expect(box.querySelector("img")?.alt).toBe("x.png");
  expect(box.querySelector('[role="note"]')?.textContent).toContain("replaced by the safety policy");
  await show([]);
  expect(box.querySelector('[role="note"]')).toBeNull();
  await show(["saved as a.safetensors"], []);
  expect(box.textContent).toBe("saved as a.safetensors");

  await act(async () => root.unmount());
  vi.unstubAllGlobals();
});
