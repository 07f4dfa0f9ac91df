/** Where nodes and their sockets lie in a graph that is only looked at. */

import { titleOf } from "@/graph/connect";
import type { Defs, NodeDef } from "@/graph/defs";
import {
  BOUNDARY_IN,
  BOUNDARY_OUT,
  type Document,
  type Graph,
  type NodeKey,
  type NodeRecord,
  type Point,
} from "@/graph/document";
import { type Rect, union } from "@/graph/geometry";
import { boundaryShape } from "../model/boundary";
import { classOf } from "../model/classOf";
import { cornerOf, type Shape, shapeOf } from "../model/shape";

/** A graph with all that is needed to draw it. */
export interface Sheet {
  readonly document: Document;
  readonly id: string;
  readonly graph: Graph;
  readonly defs: Defs;
}

export interface Laid {
  readonly key: NodeKey;
  readonly record: NodeRecord;
  readonly def: NodeDef | undefined;
  readonly shape: Shape;
  readonly rect: Rect;
}

export function sheetOf(document: Document, id: string, defs: Defs): Sheet | null {
  const graph = document.graphs.by[id];
  return graph === undefined ? null : { document, id, graph, defs };
}

export function laid({ document, graph, defs }: Sheet, key: NodeKey): Laid | null {
  const record = graph.nodes.by[key];
  if (record === undefined) return null;
  const def = classOf(document, defs, graph, key, record);
  const shape = shapeOf(record, def);
  const [x, y] = cornerOf(record);
  return { key, record, def, shape, rect: { x, y, width: shape.width, height: shape.height } };
}

export function allLaid(sheet: Sheet): Laid[] {
  return sheet.graph.nodes.ids.flatMap((key) => laid(sheet, key) ?? []);
}

export function titleIn({ document, defs, id }: Sheet, key: NodeKey): string {
  return titleOf(document, defs, id, key);
}

export function boundsIn(sheets: readonly (Sheet | null)[]): Rect | null {
  const rects = sheets.flatMap((sheet) => (sheet === null ? [] : allLaid(sheet).map(({ rect }) => rect)));
  return union(rects);
}

/** Where an output or an input is; null if there is no such node. `moved`: where nodes are while they are dragged. */
export function socketAt(
  sheet: Sheet,
  node: NodeKey,
  socket: { readonly slot: number } | { readonly input: string },
  moved?: ReadonlyMap<NodeKey, Point> | null,
): Point | null {
  const found = ends(sheet, node, moved);
  if (found === null) return null;
  const [corner, shape] = found;
  const at = "slot" in socket ? shape.outputAt(socket.slot) : shape.inputAt(socket.input);
  return [corner[0] + at[0], corner[1] + at[1]];
}

function ends(
  sheet: Sheet,
  node: NodeKey,
  moved: ReadonlyMap<NodeKey, Point> | null | undefined,
): readonly [Point, Pick<Shape, "inputAt" | "outputAt">] | null {
  if (node === BOUNDARY_IN || node === BOUNDARY_OUT) {
    const shape = boundaryShape(sheet.graph, node);
    return shape === null ? null : [shape.corner, shape];
  }
  const found = laid(sheet, node);
  return found === null ? null : [cornerOf(found.record, moved?.get(node)), found.shape];
}

/** A link's way as SVG writes it. */
export function curve([x1, y1]: Point, [x2, y2]: Point): string {
  const bend = Math.min(120, Math.max(30, Math.abs(x2 - x1) / 2));
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}
