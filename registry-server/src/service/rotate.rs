//! A token's successor.

use jiff::SignedDuration;
use mcp_pin_storage::{Method, Token, TokenId};

use super::{
    Caller, IssuedToken, Service, ServiceError,
    decision::to_its_end,
    once::Outcome,
    tokens::{Draft, is_reachable, issue},
};
use crate::authorization::{Action, Resource};

/// How long the token before its successor may be used still: whoever did not get the answer asks again with it.
pub const DEFAULT_OVERLAP: SignedDuration = SignedDuration::from_mins(5);

/// The longest of that: a day, for what is rolled out by hand.
pub const MAX_OVERLAP: SignedDuration = SignedDuration::from_hours(24);

impl Service {
    /// Issues another token with the same rights, and ends this one after an overlap. Whoever may issue tokens gets one
    /// that is valid as long as this one was meant to be; its owner gets one that ends when this one would have, so that
    /// nobody who found a token makes it last.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when there is no such token, or not for this caller; [`ServiceError::Invalid`] for one
    /// that was not issued by hand, or ended; store errors.
    pub async fn rotate_token(
        &self,
        caller: &Caller,
        id: &TokenId,
        overlap: SignedDuration,
    ) -> Result<IssuedToken, ServiceError> {
        if overlap.is_negative() || overlap > MAX_OVERLAP {
            return Err(ServiceError::Invalid { member: "overlap", problem: "is longer than a day".to_owned() });
        }
        let (service, caller, id) = (self.clone(), caller.clone(), id.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            let token = deciding.tx.token(&id).await?.filter(|token| is_reachable(&caller, token));
            let token = token.ok_or(ServiceError::NotFound("token"))?;
            let account = Resource::account(&token.principal);
            let authority = deciding.authority(&caller).await?;
            let may_issue = authority.allows(Action::IssueToken, &account);
            if !may_issue && !authority.allows(Action::RevokeToken, &account) {
                return Err(ServiceError::NotFound("token"));
            }
            if !matches!(token.method, Method::Token | Method::Robot) || !token.is_valid_at(deciding.at) {
                let problem = "has ended, or was not issued by hand".to_owned();
                return Err(ServiceError::Invalid { member: "token", problem });
            }
            deciding.check_present(&token.principal).await?;
            let Token { created_at, expires_at, .. } = token;
            let renewed = |end| deciding.at.checked_add(jiff::Timestamp::duration_since(end, created_at));
            let expires_at = match expires_at {
                Some(end) if may_issue => Some(
                    renewed(end).map_err(|_| ServiceError::Internal("a token would end after all time".to_owned()))?,
                ),
                end => end,
            };
            let successor = Draft { expires_at, ..Draft::like(&token) };
            let issued = issue(&mut deciding, &caller.principal, successor).await?;
            if overlap.is_zero() {
                deciding.end_token(caller.principal.as_str(), &token).await?;
            } else if let Ok(end) = deciding.at.checked_add(overlap) {
                deciding.tx.shorten_token(&id, end).await?;
            }
            deciding.commit_as(Outcome::Issued(&issued)).await?;
            Ok(issued)
        })
        .await
    }
}
