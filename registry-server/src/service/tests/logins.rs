//! Logins on their way to the identity provider.

use super::harness::TestRegistry;
use crate::{
    login::LoginError,
    service::{ErrorClass, ServiceError, Settings},
};

#[tokio::test]
async fn no_more_are_under_way_than_there_may_be() {
    let registry = TestRegistry::with(Settings { pending_logins: 2, ..Settings::default() }).await;
    let service = &registry.service;
    let first = service.begin_login("1").await.unwrap();
    service.begin_login("2").await.unwrap();
    let refused = service.begin_login("3").await.unwrap_err();
    assert!(matches!(refused, ServiceError::Login(LoginError::TooMany)), "{refused:?}");
    assert_eq!((refused.class(), refused.code()), (ErrorClass::CouldNotCheck, "too-many-logins"));
    let code = service.continue_login("4").await.unwrap();
    assert_eq!(service.take_login(&code).await.unwrap().as_deref(), Some("4"), "who was let in is not kept out");
    assert_eq!(service.take_login(&first).await.unwrap().as_deref(), Some("1"));
    service.begin_login("5").await.unwrap();
    assert!(service.begin_login("6").await.is_err());
    registry.clock.advance(jiff::SignedDuration::from_mins(10));
    service.begin_login("7").await.unwrap();
}
