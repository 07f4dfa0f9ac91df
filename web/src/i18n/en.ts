import { readCatalogue, type Texts } from "./catalogue";

export default readCatalogue(import.meta.glob<Texts>("./en/*.json", { eager: true, import: "default" }));
