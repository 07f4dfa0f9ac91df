/** Files of the canvas, for everybody else: opening, saving, exporting. */
export { fileCommands } from "./files/commands";
export { exportApi, exportOurs, exportUi } from "./files/exporting";
export { takeImages } from "./files/images";
export { newWorkflow, openFile, openNamed, openRun, openTemplate, openText } from "./files/opening";
export { deleteFile, duplicateFile, renameFile, save, saveAs } from "./files/saving";
