import { useTranslation } from "react-i18next";
import { pinnedOf } from "@/graph/functions/upgrade";
import { useEditor } from "@/store/editor";
import { countOf, useMissing } from "@/store/missing";
import { useReport } from "@/store/report";
import { Findings } from "./Findings";
import { MissingClasses } from "./MissingClasses";
import { MissingFiles } from "./MissingFiles";
import styles from "./MissingPanel.module.css";
import { MissingReleases } from "./MissingReleases";

/** What the open workflow needs and this server has not, with what to do about it; and what opening it repaired. */
export function MissingPanel() {
  const { t } = useTranslation("app");
  const lacks = useMissing();
  const docId = useEditor((editor) => editor.docId);
  const releases = lacks.classes.filter(({ type }) => pinnedOf(type) !== null);
  const classes = lacks.classes.filter(({ type }) => pinnedOf(type) === null);
  const report = useReport((state) => (state.report?.docId === docId ? state.report : null));
  return (
    <div className={styles.panel}>
      {countOf(lacks) === 0 && <p className={styles.calm}>{t("missing.nothing")}</p>}
      {classes.length > 0 && <MissingClasses classes={classes} />}
      {releases.length > 0 && <MissingReleases classes={releases} />}
      {lacks.choices.length > 0 && <MissingFiles choices={lacks.choices} />}
      {report !== null && <Findings report={report} />}
    </div>
  );
}
