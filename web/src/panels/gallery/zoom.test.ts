import { expect, it } from "vitest";
import { actualScale, FITTED, panned, zoomed } from "./zoom";

it("zooming keeps what is under the pointer where it is", () => {
  const at = [120, -40] as const;
  const zoom = zoomed(zoomed(FITTED, 2, at), 1.5, at);
  // The point of the picture that lay under the pointer: (120 - x) / scale from its middle.
  expect((120 - zoom.x) / zoom.scale).toBeCloseTo(120);
  expect((-40 - zoom.y) / zoom.scale).toBeCloseTo(-40);
  const back = zoomed(zoom, 1 / 3, at);
  expect(back.scale).toBeCloseTo(1);
  expect(back.x).toBeCloseTo(0);
});

it("zooming ends at its limits without moving the picture", () => {
  const most = zoomed(FITTED, 1e9, [10, 10]);
  expect(zoomed(most, 2, [50, 50])).toEqual(most);
});

it("panning moves the picture by as much as the pointer", () => {
  expect(panned(zoomed(FITTED, 4), 5, -6)).toEqual({ scale: 4, x: 5, y: -6 });
});

it("knows the scale of the picture's own pixels", () => {
  expect(actualScale([512, 512], [1024, 256])).toBe(2);
  expect(actualScale([0, 0], [100, 100])).toBe(1);
});
