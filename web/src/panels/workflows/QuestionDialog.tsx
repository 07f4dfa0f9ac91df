import { Modal } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { answerNo, useQuestion } from "@/store/files/ask";
import { ConflictQuestion } from "./ConflictQuestion";
import { NameQuestion } from "./NameQuestion";
import { SureQuestion } from "./SureQuestion";

/** The question that opening or saving asks now. Escape answers no. */
export function QuestionDialog() {
  const { t } = useTranslation("files");
  const { question, settle } = useQuestion();
  if (question === null) return null;
  const title =
    question.kind === "name" ? t(`ask.name.${question.purpose}`) : t(`ask.${question.kind}.title`);
  return (
    <Modal
      opened
      onClose={answerNo}
      title={title}
      size={question.kind === "conflict" ? "lg" : "md"}
      closeButtonProps={{ "aria-label": t("ask.close") }}
    >
      {question.kind === "name" && <NameQuestion question={question} settle={settle} />}
      {question.kind === "conflict" && <ConflictQuestion question={question} settle={settle} />}
      {question.kind === "overwrite" && (
        <SureQuestion
          text={t("ask.overwrite.text", { name: question.name })}
          yes={t("ask.overwrite.yes")}
          settle={settle}
        />
      )}
      {question.kind === "remove" && (
        <SureQuestion
          text={t(`ask.remove.${question.what}`, { name: question.name || t("untitled") })}
          yes={t("ask.remove.yes")}
          settle={settle}
        />
      )}
    </Modal>
  );
}
