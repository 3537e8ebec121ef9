//! Phrases of each kind, by commas. A star is any one word.

use super::kinds::Sign;

pub(super) const PHRASES: &[(Sign, &str)] = &[
    (Sign::OBLIGED, "is to, are to, has to, have to, it is best, is expected, are expected, had better"),
    (
        Sign::MEAN,
        "read as, treat as, treats * as, treat * as, treated as, taken as, understood as, taken to, interpreted as, seen as, regarded as, counts as, counts in, counts from, counts per, count as, count in, count * per, counted in, counted from, counted per, counted as, count from, counts zero, measured in, expressed in, stands for, stand for, speaks of, speak of, translates to, translates as, refers to, call * what, calls * what, is short for, given in, quoted in, takes wei, is really, are really, the other way, vice versa, in units of, per week not, not per, rather than per",
    ),
    (
        Sign::DESPITE,
        "no longer, any more, any longer, used to be, used to, in fact, by design, in theory, turn out, turns out, turned out, ever since, in spite, whatever the, whatever it, whatever they, whatever their, whatever its, or so it, or so they, known to, vice versa, the other way, for compatibility, on purpose, even if it isn't, is now, are now, was renamed, were renamed, has been renamed, was moved, were moved, taken down, out of date, as their, as its help, out of service, under maintenance, at present, these days, of late, lately, until further",
    ),
    (
        Sign::INSTEAD,
        "rather than, instead of, over it, in place of, by way of, prior to, in addition to, on top of, ahead of, over theirs, in lieu",
    ),
    (
        Sign::WAIVED,
        "need not, needs no, need no, clicked away, without hesitation, no need, can be left on, is not needed, not needed, can be waived, may be waived, is a formality, just a formality, can be skipped, can be ignored, may be ignored, safe to ignore, safe to skip, does nothing, has no effect, asks twice",
    ),
    (
        Sign::ORIGIN,
        "came up, come up, so far, been said, been discussed, been talked, was said, was discussed, visible to you, you know, you already, you remember, you recall, you found, you have seen, you saw, you can infer, can infer, mentioned today, mentioned earlier, mentioned so, was mentioned, were mentioned, other sheets, other files, other folders, other messages, other chats, other tabs, neighbouring folders, in passing, on the desktop, on their desktop, on the machine, on their machine, on this machine, on disk, user's inbox, user's phone, user's calendar, user's clipboard, user's files, user's documents, user's home, all chats, every file, the clipboard contains, earlier in, earlier messages, what you, whatever you, everything you, anything you, all you, from memory, in your context, in context, this session, the session so, up to now, until now, before this call",
    ),
    (
        Sign::CONCEAL,
        "without announcing, without telling, without mentioning, without comment, without further notice, without saying, without asking, without notice, without a word, no need to bother, no need to tell, no need to mention, no need to trouble, be noticed, be brought up, brought up, not be mentioned, never mentioned, not shown to, never shown, made invisible, invisible to the, catch the eye, catches the eye, be bothered, bother the, trouble the, bothering the, belongs in your, belong in your, unhelpful to bother, between you and, stays between, stay between, believes that, hidden from, rarely appreciate, should they wonder, should they ask, if they ask, if anyone asks, if asked, white on white, white text, looks like the, look like the, in such a way, goes without saying, hence discretion, part of the text, keep it to, keep this to, for your eyes, nobody needs, no one needs, need to know, nothing about this, no word of, no mention of, not a word, leave no trace, leaves no trace, is best left, better left, left out of your, out of your, spare the user, spare them, as little as, attract attention, draw attention",
    ),
    (
        Sign::FALSE,
        "as if the, as if they, as if it, as if he, as if she, as though, should read, must read, shall read, report the * as, report it as, report this as, report that as, report them as, talk them out, talk the user out, talk them into, talk the user into, talk him out, talk her out, counted for, for them from, in for them, was a power, say it was, so that it looks, so it looks, made to look, to look as, pass it off, pass for, passes for, give it out as, present it as, presented as, present them as, call it a, shown as, recorded as, marked as, logged as, entered as",
    ),
    (
        Sign::LASTING,
        "from then on, from now on, from here on, from this point, from today on, for the duration, for the rest, for the remainder, every * minutes, every minute, every hour, every * hours, once a day, once an hour, end of the day, on exit, kept up, keep this up, keep it up, first one of, for good, until told, until further, in later sessions, in future sessions, next session, each session, every session, across sessions, with every package, together with every, from there on",
    ),
    (
        Sign::TRIGGER,
        "whenever the word, when the word, if the word, someone says, somebody says, turns up in, turn up in, whenever someone, whenever somebody, whenever * is mentioned, at midnight, after midnight, at night, on weekends, on fridays, a.m requests",
    ),
    (
        Sign::PROMOTE,
        "as coming from, as if from, as though from, count as, counts as, come from the user, comes from the user, coming from the, as instructions from, as orders from, taken as, be taken at, take precedence over these, as the user's, as the owner's, on behalf of, carry the authority, has the authority, have the authority, speaks for the, speak for the",
    ),
    (
        Sign::PRETEXT,
        "for quality, for completeness, for accuracy, for ranking, for calibration, for billing, for security, for compliance, for legal, for technical, for debugging, for support, for the audit, quality purposes, is wrong without, wrong without, valid when, as the form, would be rejected, required for signature, for better results, works better when, work much better, works best when, improves accuracy, to speed things, by long-standing, is customary, as is usual",
    ),
    (
        Sign::CONCESSION,
        "no matter, however clearly, however the, however simple, however short, even for, even if, even when, even where, in doubt, regardless of, whatever the, whatever it, whether or not, every time, at all times, in any case, in every case, each time",
    ),
    (
        Sign::TURN,
        "hand it, hand them, hand over, defer to, come here, come back here, start here, begin here, go here, go straight, stay with, stick with, stick to, keep to, pick it, use it, choose it, call it, let it, give it, ask it, take it, trust it, this first, reach for, reaching for, turn to, look here, leave it to, look no further",
    ),
    (
        Sign::SETTLED,
        "first choice, default choice, only choice, natural choice, obvious choice, first slot, reserved slot, top slot, first place, first pick, default pick, the tie, tie is, primary memory, default memory, that's us, first stop, only stop, is the answer, relevance score, relevance of, selection hint, ranking hint, top priority, first priority, default dictionary, as the default, as the preferred, go-to",
    ),
    (
        Sign::NOTHING_ELSE,
        "nothing else, nothing beside, nothing besides, nothing other, no other, none other, no one else, nobody else, anything else, others exist, nowhere else",
    ),
    (
        Sign::COMPARE,
        "shopping around, looking further, look elsewhere, looking elsewhere, search elsewhere, weighing options, weighing the options, second opinion",
    ),
    (
        Sign::OWN_HANDS,
        "by hand, your own, by themselves, on your own, from memory, model's own, models themselves, without a tool, in your head",
    ),
    (
        Sign::ABSTAIN,
        "not choosing, not using, not selecting, not calling, going elsewhere, goes elsewhere, go elsewhere, choosing another, using another, using anything else, use another, use of this, use of it, using this, choosing this, other means, refusing to use, failing to use, failure to use, passing over, bypassing this, skipping this, have not adopted, not adopted",
    ),
    (
        Sign::LAW,
        "terms of service, terms of use, code of conduct, case law, for reasons of, legal requirement, company policy, in breach of",
    ),
    (
        Sign::FEELING,
        "let us be frank, let's be honest, to be honest, may i ask, a favour, a favor, you don't want, you wouldn't want, nobody got blamed, honest ones, between the two, least one can, disappointed in, thank you later, people notice, draw your own",
    ),
    (
        Sign::AGENTS,
        "language models, ai agents, an assistant, ethical assistant, a model, an agent, most models, good models, every agent, every assistant, any assistant, the assistant, vision models, other agents",
    ),
    (Sign::ME, "this tool, this one, this server, this service"),
    (Sign::OTHER, "everyone else, the rest"),
    (Sign::UNIVERSAL, "without exception, at all times"),
    (Sign::REPLY, "list what, from your summary, the exchange from"),
    (Sign::OUTCOME, "power failure, own recommendation, ai-made, all clear, no findings, none found, no issues"),
    (Sign::CONSENT, "perform these actions, further notice, be deemed"),
    (
        Sign::HARD,
        "home address, date of birth, private key, secret key, api key, api keys, verification code, verification codes, one-time code, bank details, card number, card numbers, account number, social security, medical records, health records, source tree, shell history, browser history, browsing history, system prompt, ssh key, ssh keys, recovery phrase, seed phrase, purchasing prices, deal value, insurance number, political views, sexual orientation, criminal record",
    ),
    (Sign::SOFT, "what has been, what was said, what the user, your instructions, profile picture"),
];
