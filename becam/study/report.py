from becam.study.records import Record
def write_report(records, options, out, *, title, planned):
    return (), ""
