using System.Buffers;
using System.Text;
using DlmUpdater.Core.Settings;
using DlmUpdater.Logging;

namespace DlmUpdater.Tests.Logging;

public sealed class LogLineTests
{
    [Theory]
    [InlineData(LogLevel.Debug, "2026-11-22 20:30:50,007UTC - DEBUG - MainThread - update/10-fetch: begins\n")]
    [InlineData(LogLevel.Info, "2026-11-22 20:30:50,007UTC - INFO - MainThread - update/10-fetch: begins\n")]
    [InlineData(LogLevel.Warning, "2026-11-22 20:30:50,007UTC - WARNING - MainThread - update/10-fetch: begins\n")]
    [InlineData(LogLevel.Error, "2026-11-22 20:30:50,007UTC - ERROR - MainThread - update/10-fetch: begins\n")]
    public void The_lines_of_the_Python_tools_are_there_on_request(LogLevel level, string expected) =>
        Assert.Equal(expected, Python(Record(level, "begins", isOutput: false)));

    [Fact]
    public void What_a_script_printed_stands_there_alone_and_on_one_line() =>
        Assert.Equal("2026-11-22 20:30:50,007UTC - INFO - MainThread - it | says\n", Python(Record(LogLevel.Info, "it\r\nsays", isOutput: true)));

    private static LogRecord Record(LogLevel level, string message, bool isOutput) =>
        new(new DateTimeOffset(2026, 11, 22, 21, 30, 50, 7, TimeSpan.FromHours(1)), level, message, "update", "10-fetch", null, isOutput);

    private static string Python(LogRecord record)
    {
        var to = new ArrayBufferWriter<byte>();
        LogLine.Python(to, record);
        return Encoding.UTF8.GetString(to.WrittenSpan);
    }
}
