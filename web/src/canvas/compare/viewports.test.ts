import { expect, test } from "vitest";
import { centred, panned, whole, zoomed } from "./viewports";

test("what lies under the pointer stays there while one zooms", () => {
  const view = { x: 30, y: -20, zoom: 0.5 };
  const at = [200, 100] as const;
  const place = (v: typeof view) => [(at[0] - v.x) / v.zoom, (at[1] - v.y) / v.zoom];
  expect(place(zoomed(view, 1.7, at))).toEqual(place(view));
});

test("zooming stops where nothing could be seen", () => {
  expect(zoomed({ x: 0, y: 0, zoom: 1 }, 1e9, [0, 0]).zoom).toBe(2);
  expect(zoomed({ x: 0, y: 0, zoom: 1 }, 1e-9, [0, 0]).zoom).toBe(0.05);
});

test("a frame comes to the middle", () => {
  const view = centred({ x: 100, y: 50, width: 200, height: 100 }, [800, 600], 1);
  expect([200 * view.zoom + view.x, 100 * view.zoom + view.y]).toEqual([400, 300]);
  expect(panned(view, 5, -5)).toEqual({ ...view, x: view.x + 5, y: view.y - 5 });
});

test("nothing at all is shown as it is", () => expect(whole(null, [800, 600]).zoom).toBe(1));
