import { readCatalogue, type Texts } from "./catalogue";

export default readCatalogue(import.meta.glob<Texts>("./zh-CN/*.json", { eager: true, import: "default" }));
