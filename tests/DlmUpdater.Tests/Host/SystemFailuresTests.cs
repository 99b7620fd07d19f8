using System.ComponentModel;
using System.Net.Sockets;
using DlmUpdater.Host;

namespace DlmUpdater.Tests.Host;

public sealed class SystemFailuresTests
{
    public static TheoryData<Exception, bool> Failures => new()
    {
        { new IOException("Too many open files : '/proc'", 24), true },
        { new UnauthorizedAccessException("Access to the path '/proc' is denied.", new IOException("Permission denied", 13)), false },
        { new InsufficientMemoryException(), true },
        { new SocketException((int)SocketError.TooManyOpenSockets), true },
        { new SocketException((int)SocketError.ConnectionRefused), false },
        { new Win32Exception(11), true },
        { new TypeInitializationException("x", new IOException("no queue", 12)), true },
        { new AggregateException(new InsufficientMemoryException()), true },
        { new DllNotFoundException("libssl"), false },
        { new SystemRefusedException("/proc cannot be listed", 2), false },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void A_refusal_of_the_operating_system_is_told_from_a_bug(Exception exception, bool isShortage)
    {
        Assert.True(SystemFailures.Is(exception, out string what, out bool shortage));
        Assert.Equal(isShortage, shortage);
        Assert.DoesNotContain('\n', what);
        Assert.NotEmpty(what);
    }

    [Fact]
    public void A_bug_stays_a_bug()
    {
        Assert.All(
            new Exception[] { new InvalidOperationException("x"), new ArgumentException("x"), new FormatException("x"), new TypeInitializationException("x", new InvalidCastException()) },
            bug => Assert.False(SystemFailures.Is(bug, out _, out _)));
    }
}
