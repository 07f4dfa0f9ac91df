/** Everything that can be done to a document, as functions of a `Draft`. */
export { type Axis, align, distribute, type Edge, sameSize } from "./align";
export { copy, duplicate, isClip, type PasteOptions, type PasteResult, paste } from "./clipboard";
export { collectDefinitions, makeIndependent, renameDefinition } from "./definitions";
export {
  addGroup,
  colourGroup,
  fitGroup,
  groupNodes,
  isGroupPinned,
  moveAll,
  moveGroup,
  renameGroup,
  resizeGroup,
  ungroup,
} from "./groups";
export {
  addPort,
  concealInput,
  exposeInput,
  exposeOutput,
  movePort,
  removePort,
  renamePort,
} from "./interface";
export {
  addReroute,
  fitInto,
  insertInto,
  insertReroute,
  link,
  moveLinks,
  unlink,
  unlinkInput,
  unlinkOutput,
} from "./links";
export { makeSubgraph, type SubgraphResult } from "./makeSubgraph";
export { setMode, toggleMode } from "./modes";
export {
  addNode,
  type Colours,
  isPinned,
  move,
  moveBy,
  removeNodes,
  rename,
  reorder,
  resize,
  setCollapsed,
  setColour,
  setPinned,
  setProperty,
  wouldContainItself,
} from "./nodes";
export { addNote, setNoteText } from "./notes";
export { addPrimitive } from "./primitive";
export { recreate } from "./recreate";
export { unpack } from "./unpack";
export {
  inputToWidget,
  setControl,
  setFilter,
  setValueAt,
  setValueNamed,
  setWidget,
  widgetToInput,
} from "./widgets";
