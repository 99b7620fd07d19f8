using System.ComponentModel;
using System.Net.Sockets;

namespace DlmUpdater.Host;

/// <summary>The operating system refused something that the program cannot do without, where no outcome can be returned: the program ends
/// with
/// <paramref name="message"/> as its one line.</summary>
internal sealed class SystemRefusedException(string message, int errno) : IOException(message, errno);

/// <summary>Tells failures of the operating system from bugs among exceptions that nothing else has caught.</summary>
internal static class SystemFailures
{
    /// <summary>Out of something: another start may find it.</summary>
    private static readonly int[] Shortages = [Native.EAGAIN, Native.ENOMEM, Native.ENFILE, Native.EMFILE];

    /// <summary>True for a failure of the operating system; then with what the error line says, and whether it was out of something
    /// (memory, descriptors, threads).</summary>
    internal static bool Is(Exception exception, out string what, out bool isShortage)
    {
        for (Exception? at = exception; at is not null; at = at.InnerException)
        {
            int? errno = at switch
            {
                SocketException socket => socket.NativeErrorCode,
                Win32Exception native => native.NativeErrorCode,
                OutOfMemoryException => Native.ENOMEM,
                IOException or UnauthorizedAccessException => (at.InnerException as IOException ?? at).HResult,
                DllNotFoundException or EntryPointNotFoundException => 0,
                _ => null,
            };
            if (errno is not { } number) continue;
            isShortage = Array.IndexOf(Shortages, number) >= 0;
            what = at is SystemRefusedException
                ? at.Message
                : $"the operating system refused what the program needs: {at.Message.ReplaceLineEndings(" ")}";
            return true;
        }

        (what, isShortage) = ("", false);
        return false;
    }
}
