/** How an operation asks the person at the terminal. Surfaces with a terminal bring it; operations never touch the terminal themselves. */

/** What became of a question: `back` wants the one before, `cancelled` wants to end (^C, the terminal has gone). */
export type Reply<T> = { readonly reply: 'value'; readonly value: T } | { readonly reply: 'back' } | { readonly reply: 'cancelled' }

interface Question {
  /** The question, one line. */
  readonly message: string
  /** More about it, shown above; lines are wrapped. */
  readonly help?: string
}

export interface TextQuestion extends Question {
  /** Already typed, to be changed. */
  readonly initial?: string
  /** What an empty answer stands for. */
  readonly suggested?: string
  /** What is wrong with an answer and how to mend it; undefined when it is good. */
  readonly refuse?: (text: string) => string | undefined
}

export type SecretQuestion = Question & Pick<TextQuestion, 'refuse'>

export interface Option<Value extends string> {
  readonly value: Value
  readonly label: string
  /** Shown beside the label. */
  readonly note?: string
}

export interface ChoiceQuestion<Value extends string> extends Question {
  readonly options: readonly Option<Value>[]
  readonly initial?: Value
}

export interface SeveralQuestion<Value extends string> extends Question {
  readonly options: readonly Option<Value>[]
  readonly initial: readonly Value[]
  /** What is wrong with these together. */
  readonly refuse?: (values: readonly Value[]) => string | undefined
}

export interface ConfirmQuestion extends Question {
  readonly initial: boolean
}

export interface Ask {
  /** One line of text, without blanks around it. */
  text(question: TextQuestion): Promise<Reply<string>>
  /** One of some options. */
  choice<Value extends string>(question: ChoiceQuestion<Value>): Promise<Reply<Value>>
  /** Any number of some options. */
  several<Value extends string>(question: SeveralQuestion<Value>): Promise<Reply<readonly Value[]>>
  confirm(question: ConfirmQuestion): Promise<Reply<boolean>>
  /** Text that is not shown. */
  secret(question: SecretQuestion): Promise<Reply<string>>
  /** Something to read between questions. */
  tell(text: string): void
}
