/** What stands in which menu: ids of commands in sections; a command that cannot be done now is left out. */
import { BOUNDARY_IN, BOUNDARY_OUT } from "@/graph/document";
import type { Subject } from "./menu";

type Sections = readonly (readonly string[])[];

const NODE: Sections = [
  [
    "run.selected",
    "node.rename",
    "node.collapse",
    "node.pin",
    "node.mute",
    "node.bypass",
    "node.connect",
    "node.help",
  ],
  ["function.upgrade", "function.open", "function.form"],
  ["graph.enter", "graph.makeSubgraph", "graph.unpack", "graph.makeIndependent", "graph.group"],
  ["edit.copy", "edit.cut", "edit.duplicate", "edit.delete", "edit.deleteReconnect"],
  ["node.front", "node.back", "node.recreate"],
];

const CANVAS: Sections = [
  ["graph.addNode", "graph.note", "edit.paste", "edit.pasteConnected"],
  ["select.all", "view.fit", "view.minimap", "graph.layout", "graph.search"],
  ["panel.publish"],
];

const LINK: Sections = [["link.reroute", "link.delete"]];

const GROUP: Sections = [
  ["group.rename", "group.fit", "group.selectMembers", "group.layout"],
  ["group.mute", "group.bypass", "edit.duplicate"],
  ["group.ungroup", "group.deleteAll"],
];

export function sectionsFor({ kind, ...subject }: Subject): Sections {
  switch (kind) {
    case "canvas":
      return CANVAS;
    case "node": {
      const isEnd = "node" in subject && (subject.node === BOUNDARY_IN || subject.node === BOUNDARY_OUT);
      return isEnd ? CANVAS : NODE;
    }
    case "link":
      return LINK;
    case "group":
      return GROUP;
    case "port":
      return [["port.rename", "port.up", "port.down", "port.remove"]];
  }
}

/** Edges and axes things are lined up by. */
export const ALIGN = [
  "align.left",
  "align.centreX",
  "align.right",
  "align.top",
  "align.centreY",
  "align.bottom",
  "align.distributeX",
  "align.distributeY",
  "align.sameWidth",
  "align.sameHeight",
] as const;

/** ComfyUI's node colours: title and body. The first is the theme's own. */
export const COLOURS: readonly (readonly [string, string | null, string | null])[] = [
  ["none", null, null],
  ["red", "#322", "#533"],
  ["brown", "#332922", "#593930"],
  ["green", "#232", "#353"],
  ["blue", "#223", "#335"],
  ["paleBlue", "#2a363b", "#3f5159"],
  ["cyan", "#233", "#355"],
  ["purple", "#323", "#535"],
  ["yellow", "#432", "#653"],
  ["black", "#222", "#000"],
];
