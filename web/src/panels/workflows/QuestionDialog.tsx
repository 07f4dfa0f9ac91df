import { Modal } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { DivergedQuestion } from "@/panels/versions/DivergedQuestion";
import { MessageQuestion } from "@/panels/versions/MessageQuestion";
import { RefQuestion } from "@/panels/versions/RefQuestion";
import { ReleaseQuestion } from "@/panels/versions/ReleaseQuestion";
import { UnsavedQuestion } from "@/panels/versions/UnsavedQuestion";
import { answerNo, type Questions, useQuestion } from "@/store/files/ask";
import { NameQuestion } from "./NameQuestion";
import { SureQuestion } from "./SureQuestion";

/** The question that opening or saving asks now. Escape answers no. */
export function QuestionDialog() {
  const { t } = useTranslation("files");
  const { question, settle } = useQuestion();
  const title = useTitle(question);
  if (question === null) return null;
  const { kind } = question;
  return (
    <Modal
      opened
      onClose={answerNo}
      title={title}
      size={kind === "name" || kind === "remove" ? "md" : "lg"}
      closeButtonProps={{ "aria-label": t("ask.close") }}
    >
      {kind === "name" && <NameQuestion question={question} settle={settle} />}
      {kind === "message" && <MessageQuestion question={question} settle={settle} />}
      {kind === "diverged" && <DivergedQuestion question={question} settle={settle} />}
      {kind === "unsaved" && <UnsavedQuestion question={question} settle={settle} />}
      {kind === "ref" && <RefQuestion question={question} settle={settle} />}
      {kind === "release" && <ReleaseQuestion question={question} settle={settle} />}
      {kind === "remove" && (
        <SureQuestion
          text={t(`ask.remove.${question.what}`, { name: question.name || t("untitled") })}
          yes={t("ask.remove.yes")}
          settle={settle}
        />
      )}
    </Modal>
  );
}

function useTitle(question: Questions[keyof Questions] | null): string {
  const { t } = useTranslation("files");
  const { t: say } = useTranslation("versions");
  if (question === null) return "";
  switch (question.kind) {
    case "name":
      return t(`ask.name.${question.purpose}`);
    case "remove":
      return t(
        question.what === "file" || question.what === "draft" ? "ask.remove.title" : "ask.remove.name",
      );
    case "ref":
      return say(`ask.${question.what}.title`, { number: question.number });
    case "release":
      return say("ask.release.title", { name: question.name, number: question.version.number });
    default:
      return say(`ask.${question.kind}.title`, { name: question.name });
  }
}
