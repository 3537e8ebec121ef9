-- See the migration of the same number for SQLite.
CREATE TABLE agreements (
    name  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TRIGGER agreements_keep BEFORE UPDATE ON agreements FOR EACH ROW EXECUTE FUNCTION refuse_change('agreements never change');
ALTER TABLE agreements ENABLE ALWAYS TRIGGER agreements_keep;
