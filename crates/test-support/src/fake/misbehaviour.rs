//! Named attacks and accidents.

use serde_json::{Value, json};

use super::{Scenario, Step};

/// A way to misbehave, applied to a scenario with [`Scenario::misbehaving`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misbehaviour {
    /// Two tools of one name.
    DuplicateTools,
    /// A tool whose object has a member twice.
    DuplicateKeys,
    /// Half a surrogate pair in a description.
    LoneSurrogate,
    /// A byte sequence that is no UTF-8 cannot be written as a scenario, so: a byte order mark before the answer.
    ByteOrderMark,
    /// A schema bound of 2^53 + 1.
    UnsafeInteger,
    /// A schema nested 100 deep.
    DeepNesting,
    /// A reply that nobody asked for, before the right one.
    UnsolicitedReply,
    /// The reply to `tools/list` twice.
    DoubledReply,
    /// The reply to `tools/list` under another id.
    WrongId,
    /// The id as text instead of a number.
    IdAsText,
    /// The reply in a list.
    Batch,
    /// A reply with both `result` and `error`.
    ResultAndError,
    /// Every page has a next one, with ever new cursors.
    EndlessCursor,
    /// Every page has a next one, with the same cursor.
    RepeatedCursor,
    /// Ends instead of answering `tools/list`.
    CrashMidway,
    /// Never answers `tools/list`.
    Hang,
    /// A line of 17 MiB.
    OversizedLine,
    /// Words on standard output before the first answer.
    NoiseOnStdout,
    /// Notifications before the first answer, as real servers send.
    NotificationsFirst,
    /// `list_changed` after the list, then another list, then the same again.
    ListChangedOnce,
    /// `list_changed` after every list, and another list each time.
    ListChangedForEver,
    /// Advertises tools and lists none.
    EmptyTools,
    /// Advertises a section of no known revision.
    UnknownCapability,
    /// Advertises prompts and does not know `prompts/list`.
    CapabilityWithoutAnswer,
    /// Answers `initialize` with a revision of its own.
    UnknownRevision,
    /// Answers `initialize` with the oldest revision.
    ProtocolDowngrade,
    /// Ends when asked for the modern era.
    CrashOnDiscover,
    /// Never answers `server/discover`.
    SilentOnDiscover,
    /// Asks for roots before it answers.
    AsksForRoots,
    /// Sends `ping` before it answers.
    Pings,
    /// The second page fails.
    SecondPageFails,
    /// The same tool on two pages.
    DuplicateAcrossPages,
    /// Wants input from the user instead of listing.
    InputRequired,
}

impl Scenario {
    /// Adds a misbehaviour.
    #[must_use]
    pub fn misbehaving(mut self, how: Misbehaviour) -> Self {
        let line = |text: &str| Step::Line(text.to_owned());
        let tools_result =
            |tool: &str| Step::Line(format!("{{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{{\"tools\":[{tool}]}}}}"));
        match how {
            Misbehaviour::DuplicateTools | Misbehaviour::DuplicateAcrossPages => {
                if let Some(tools) = &mut self.tools {
                    let mut twin = tools.first().cloned().unwrap_or(json!({"name": "twin"}));
                    if let Value::Object(twin) = &mut twin {
                        twin.insert("description".to_owned(), json!("The other one."));
                    }
                    tools.push(twin);
                }
                if how == Misbehaviour::DuplicateAcrossPages {
                    self.page_size = Some(1);
                }
                self
            }
            Misbehaviour::DuplicateKeys => self.on(
                "tools/list",
                [tools_result(r#"{"name":"a","description":"good","description":"bad","inputSchema":{"type":"object"}}"#)],
            ),
            Misbehaviour::LoneSurrogate => self.on(
                "tools/list",
                [tools_result(r#"{"name":"a","description":"half \ud83d","inputSchema":{"type":"object"}}"#)],
            ),
            Misbehaviour::ByteOrderMark => self.on("tools/list", [line("\u{feff}$REPLY")]),
            Misbehaviour::UnsafeInteger => self.on(
                "tools/list",
                [tools_result(r#"{"name":"a","inputSchema":{"type":"object","maxProperties":9007199254740993}}"#)],
            ),
            Misbehaviour::DeepNesting => {
                let schema = format!("{}{{}}{}", "{\"not\":".repeat(100), "}".repeat(100));
                self.on("tools/list", [tools_result(&format!("{{\"name\":\"a\",\"inputSchema\":{schema}}}"))])
            }
            Misbehaviour::UnsolicitedReply => {
                self.on("tools/list", [line(r#"{"jsonrpc":"2.0","id":4711,"result":{"tools":[]}}"#), Step::Reply])
            }
            Misbehaviour::DoubledReply => self.on("tools/list", [Step::Reply, Step::Reply]),
            Misbehaviour::WrongId => {
                self.on("tools/list", [line(r#"{"jsonrpc":"2.0","id":4711,"result":$RESULT}"#)])
            }
            Misbehaviour::IdAsText => {
                self.on("tools/list", [line(r#"{"jsonrpc":"2.0","id":"$ID","result":$RESULT}"#)])
            }
            Misbehaviour::Batch => self.on("tools/list", [line("[$REPLY]")]),
            Misbehaviour::ResultAndError => self.on(
                "tools/list",
                [line(r#"{"jsonrpc":"2.0","id":$ID,"result":$RESULT,"error":{"code":-1,"message":"no"}}"#)],
            ),
            // `$ID` grows with every request, so it makes an ever new name and cursor.
            Misbehaviour::EndlessCursor => self.on(
                "tools/list",
                [line(
                    r#"{"jsonrpc":"2.0","id":$ID,"result":{"tools":[{"name":"t$ID","inputSchema":{}}],"nextCursor":"c$ID"}}"#,
                )],
            ),
            Misbehaviour::RepeatedCursor => self.on(
                "tools/list",
                [line(
                    r#"{"jsonrpc":"2.0","id":$ID,"result":{"tools":[{"name":"t$ID","inputSchema":{}}],"nextCursor":"again"}}"#,
                )],
            ),
            Misbehaviour::CrashMidway => self.on("tools/list", [Step::Exit(1)]),
            Misbehaviour::Hang => self.on("tools/list", [Step::Hang]),
            Misbehaviour::OversizedLine => self.on("tools/list", [Step::Flood(17 << 20)]),
            Misbehaviour::NoiseOnStdout => {
                self.start.stdout.push("Server listening \u{1b}[32mok\u{1b}[0m".to_owned());
                self
            }
            Misbehaviour::NotificationsFirst => {
                self.start.stdout.push(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#.to_owned());
                self.start.stdout.push(
                    r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"starting"}}"#
                        .to_owned(),
                );
                self
            }
            Misbehaviour::ListChangedOnce | Misbehaviour::ListChangedForEver => {
                let rounds = if how == Misbehaviour::ListChangedOnce { 1 } else { 10 };
                for round in 0..rounds {
                    let mut tools = self.tools.clone().unwrap_or_default();
                    tools.push(json!({"name": format!("late_{round}"), "inputSchema": {"type": "object"}}));
                    self.later_tools.push(tools);
                }
                self.on(
                    "tools/list",
                    [Step::Reply, line(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#)],
                )
            }
            Misbehaviour::EmptyTools => {
                self.tools = Some(Vec::new());
                self
            }
            Misbehaviour::UnknownCapability => {
                let mut capabilities = self.declared_capabilities();
                if let Value::Object(capabilities) = &mut capabilities {
                    capabilities.insert("gadgets".to_owned(), json!({}));
                }
                self.capabilities = capabilities;
                self
            }
            Misbehaviour::CapabilityWithoutAnswer => {
                let mut capabilities = self.declared_capabilities();
                if let Value::Object(capabilities) = &mut capabilities {
                    capabilities.insert("prompts".to_owned(), json!({}));
                }
                self.capabilities = capabilities;
                self.prompts = None;
                self
            }
            Misbehaviour::UnknownRevision => {
                self.revision = Some("1999-12-31".to_owned());
                self
            }
            Misbehaviour::ProtocolDowngrade => {
                self.revision = Some("2024-11-05".to_owned());
                self
            }
            Misbehaviour::CrashOnDiscover => self.on("server/discover", [Step::Exit(3)]),
            Misbehaviour::SilentOnDiscover => self.on("server/discover", []),
            Misbehaviour::AsksForRoots => {
                self.on("tools/list", [line(r#"{"jsonrpc":"2.0","id":"s1","method":"roots/list"}"#), Step::Reply])
            }
            Misbehaviour::Pings => {
                self.on("tools/list", [line(r#"{"jsonrpc":"2.0","id":"s2","method":"ping"}"#), Step::Reply])
            }
            Misbehaviour::SecondPageFails => self.on(
                "tools/list",
                [
                    Step::Line(
                        r#"{"jsonrpc":"2.0","id":$ID,"result":{"tools":[{"name":"t","inputSchema":{}}],"nextCursor":"2"}}"#
                            .to_owned(),
                    ),
                    // The next request with this method is answered by the same steps; see `on_second`.
                ],
            )
            .on("tools/list#2", [line(r#"{"jsonrpc":"2.0","id":$ID,"error":{"code":-32603,"message":"later"}}"#)]),
            Misbehaviour::InputRequired => self.on(
                "tools/list",
                [line(r#"{"jsonrpc":"2.0","id":$ID,"result":{"resultType":"input_required","inputRequests":{}}}"#)],
            ),
        }
    }
}
